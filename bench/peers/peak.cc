// The most that one core does: fused multiply-adds on registers, in vectors of 4, 8 and 16 floats where it has them, the best of those. Built by bench/engine/peak.ts
// for the machine that it runs on. Answers every line on standard input with {"steps": operations, "ms": time they took}; "ms": N in the line says for how long.
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int CHAINS = 12;        // independent sums: latency times ports, and they fit 16 registers with the two factors
constexpr int ROUNDS = 1 << 16;

double milliseconds(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

volatile float factor = 0.9999f, term = 0.0001f, sink;

typedef float V4 __attribute__((vector_size(16)));
typedef float V8 __attribute__((vector_size(32)));
typedef float V16 __attribute__((vector_size(64)));

// Returns the operations done: two for each multiply-add.
template <class Vector> double work() {
  const Vector a = factor - Vector{}, b = term - Vector{};
  Vector x[CHAINS];
  // Unrolled throughout, or the array is kept in memory.
#pragma GCC unroll 12
  for (int i = 0; i < CHAINS; i++) x[i] = b + (float)i;
  for (int round = 0; round < ROUNDS; round++) {
#pragma GCC unroll 12
    for (int i = 0; i < CHAINS; i++) {
      x[i] = x[i] * a + b;
      // Keeps the compiler from computing ahead.
#if defined(__aarch64__)
      asm volatile("" : "+w"(x[i]));
#elif defined(__AVX512F__)
      asm volatile("" : "+v"(x[i]));
#else
      asm volatile("" : "+x"(x[i]));
#endif
    }
  }
  float sum = 0;
#pragma GCC unroll 12
  for (int i = 0; i < CHAINS; i++) sum += x[i][0];
  sink = sum;
  return 2.0 * CHAINS * ROUNDS * (sizeof(Vector) / sizeof(float));
}

using Work = double (*)();

double speed(Work f) {
  f();
  const double begun = milliseconds(CLOCK_MONOTONIC);
  double done = 0;
  for (int i = 0; i < 50; i++) done += f();
  return done / (milliseconds(CLOCK_MONOTONIC) - begun);
}

}  // namespace

int main(int argc, char** argv) {
  const clockid_t clock = argc > 1 && std::strcmp(argv[1], "cpu") == 0 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
  const Work all[] = {
      work<V4>,
#ifdef __AVX__
      work<V8>,
#endif
#ifdef __AVX512F__
      work<V16>,
#endif
  };
  Work best = all[0];
  double bestSpeed = 0;
  for (Work f : all) {
    const double s = speed(f);
    if (s > bestSpeed) best = f, bestSpeed = s;
  }
  char line[4096];
  while (std::fgets(line, sizeof line, stdin)) {
    const char* at = std::strstr(line, "\"ms\":");
    const double until = milliseconds(CLOCK_MONOTONIC) + (at ? std::atof(at + 5) : 0), begun = milliseconds(clock);
    double done = 0;
    do done += best();
    while (milliseconds(CLOCK_MONOTONIC) < until);
    std::printf("{\"steps\": %.0f, \"ms\": %.3f}\n", done, milliseconds(clock) - begun);
    std::fflush(stdout);
  }
}
