#include "team.h"

#if !defined(__wasm__)
#include "denormals.h"

namespace cellwright {

namespace {

// After so many looks the core is offered to others: where there are more threads than cores, whoever is waited for needs it.
constexpr unsigned LOOKS = 4000;

inline void pause_briefly() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

}  // namespace

Team::Team(int threads) {
  try {
    for (int t = 1; t < threads; t++) threads_.emplace_back([this, t] { serve(t); });
  } catch (...) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      over_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
    throw;
  }
}

Team::~Team() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    over_ = true;
    awake_ = false;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Team::begin() {
  if (threads_.empty()) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    awake_ = true;
  }
  wake_.notify_all();
}

void Team::end() {
  if (threads_.empty()) return;
  std::lock_guard<std::mutex> lock(mutex_);
  awake_ = false;
}

void Team::start() {
  left_.store((int)threads_.size(), std::memory_order_relaxed);
  order_.fetch_add(1, std::memory_order_release);
}

void Team::wait() {
  for (unsigned looks = 0; left_.load(std::memory_order_acquire) > 0; looks++) {
    if (looks < LOOKS) pause_briefly();
    else std::this_thread::yield();
  }
}

void Team::serve(int t) {
  const FlushDenormals flush;
  unsigned seen = 0;
  for (;;) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [&] { return awake_ || over_; });
      if (over_) return;
    }
    for (unsigned looks = 0;; looks++) {
      if (order_.load(std::memory_order_acquire) != seen) {
        seen++;
        call_(work_, t);
        left_.fetch_sub(1, std::memory_order_release);
        looks = 0;
      } else if (looks < LOOKS) {
        pause_briefly();
      } else {
        std::this_thread::yield();
        if (looks % 64 != 0) continue;
        std::lock_guard<std::mutex> lock(mutex_);
        if (!awake_) break;
      }
    }
  }
}

}  // namespace cellwright
#endif
