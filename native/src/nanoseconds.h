// A clock for profiles. WebAssembly has none of its own: there all is zero.
#pragma once

#if defined(__wasm__)
namespace cellwright {
inline double nanoseconds() { return 0; }
}  // namespace cellwright
#else
#include <chrono>
namespace cellwright {
inline double nanoseconds() {
  return (double)std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
}  // namespace cellwright
#endif
