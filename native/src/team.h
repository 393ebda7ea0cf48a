// A few threads that work on one step together. They wait in a spin while a step is under way (phases are short) and sleep between steps.
#pragma once

#if defined(__wasm__)
namespace cellwright {
// WebAssembly runs on the thread that calls it.
class Team {
 public:
  explicit Team(int) {}
  int size() const { return 1; }
  void begin() {}
  void end() {}
  template <class Work> void run(const Work& work) { work(0); }
};
}  // namespace cellwright
#else

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace cellwright {

class Team {
 public:
  // `threads` counts the caller's own. Throws std::system_error where the machine gives no more.
  explicit Team(int threads);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;
  int size() const { return (int)threads_.size() + 1; }

  // Between begin and end the threads are awake. Both are called by the thread that calls `run`.
  void begin();
  void end();

  // Calls work(t) for every t in [0, size), 0 on this thread; returns when all are done.
  template <class Work> void run(const Work& work) {
    if (threads_.empty()) return work(0);
    call_ = [](const void* w, int t) { (*static_cast<const Work*>(w))(t); };
    work_ = &work;
    start();
    work(0);
    wait();
  }

 private:
  void start();
  void wait();
  void serve(int t);
  std::vector<std::thread> threads_;
  void (*call_)(const void*, int) = nullptr;
  const void* work_ = nullptr;
  std::atomic<unsigned> order_{0};  // counts the calls of run
  std::atomic<int> left_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool awake_ = false, over_ = false;
};

}  // namespace cellwright
#endif
