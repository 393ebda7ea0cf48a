# The compiled engine. It lives below native/, not at the root: npm would compile a root binding.gyp at every install.
# Each instruction set is a library target of the same source with other flags; src/targets.cc chooses one at run time.
{
  "variables": {
    "kernel_flags": ["-O3", "-std=c++17", "-fno-exceptions", "-fno-rtti", "-fvisibility=hidden", "-Wno-psabi", "-fno-math-errno"],
  },
  "target_defaults": {
    "include_dirs": ["src"],
    "cflags!": ["-O2", "-fno-omit-frame-pointer"],
    "cflags_cc!": ["-O2", "-std=gnu++17", "-std=gnu++20", "-fno-exceptions"],
    "xcode_settings": {"MACOSX_DEPLOYMENT_TARGET": "11.0", "CLANG_CXX_LANGUAGE_STANDARD": "c++17"},
  },
  "targets": [
    {
      # What every machine of the architecture has; on 64-bit ARM that is NEON.
      "target_name": "kernels_plain",
      "type": "static_library",
      "sources": ["kernels/table.cc"],
      "defines": ["CW_WIDTH=4"],
      "cflags_cc": ["<@(kernel_flags)"],
      "xcode_settings": {"OTHER_CPLUSPLUSFLAGS": ["<@(kernel_flags)"]},
      # A multiplication and an addition in one, by every compiler: kernels are written for it.
      "conditions": [["target_arch=='arm64'", {"defines": ["CW_TARGET=neon"], "cflags_cc": ["-ffp-contract=fast"], "xcode_settings": {"OTHER_CPLUSPLUSFLAGS": ["-ffp-contract=fast"]}}, {"defines": ["CW_TARGET=plain"]}]],
    },
    {
      "target_name": "cellwright",
      "sources": ["src/addon.cc", "src/session.cc", "src/crew.cc", "src/team.cc", "src/peaks.cc", "src/decode.cc", "src/copy.cc", "src/phases.cc", "src/targets.cc"],
      "dependencies": ["kernels_plain"],
      "cflags_cc": ["-O3", "-std=c++17", "-fexceptions", "-fvisibility=hidden"],
      "xcode_settings": {"GCC_ENABLE_CPP_EXCEPTIONS": "YES", "OTHER_CPLUSPLUSFLAGS": ["-O3"]},
      "conditions": [
        # The binary travels inside the package: it must not ask for the C++ library that it was built with.
        ["OS=='linux'", {"ldflags": ["-static-libstdc++", "-static-libgcc"]}],
        ["target_arch=='x64'", {"dependencies": ["kernels_avx2", "kernels_avx512", "kernels_avx512half"], "defines": ["CW_X86"]}],
      ],
    },
  ],
  "conditions": [
    ["target_arch=='x64'", {
      "targets": [
        {
          "target_name": "kernels_avx2",
          "type": "static_library",
          "sources": ["kernels/table.cc"],
          "defines": ["CW_TARGET=avx2", "CW_WIDTH=8"],
          "cflags_cc": ["<@(kernel_flags)", "-mavx2", "-mfma"],
          "xcode_settings": {"OTHER_CPLUSPLUSFLAGS": ["<@(kernel_flags)", "-mavx2", "-mfma"]},
        },
        {
          "target_name": "kernels_avx512",
          "type": "static_library",
          "sources": ["kernels/table.cc"],
          "defines": ["CW_TARGET=avx512", "CW_WIDTH=16"],
          "cflags_cc": ["<@(kernel_flags)", "-mavx512f", "-mavx512vl", "-mavx512dq", "-mavx512bw", "-mfma", "-mprefer-vector-width=512"],
          "xcode_settings": {"OTHER_CPLUSPLUSFLAGS": ["<@(kernel_flags)", "-mavx512f", "-mavx512vl", "-mavx512dq", "-mavx512bw", "-mfma"]},
        },
        {
          "target_name": "kernels_avx512half",
          "type": "static_library",
          "sources": ["kernels/table.cc"],
          "defines": ["CW_TARGET=avx512half", "CW_WIDTH=8"],
          "cflags_cc": ["<@(kernel_flags)", "-mavx512f", "-mavx512vl", "-mavx512dq", "-mavx512bw", "-mfma"],
          "xcode_settings": {"OTHER_CPLUSPLUSFLAGS": ["<@(kernel_flags)", "-mavx512f", "-mavx512vl", "-mavx512dq", "-mavx512bw", "-mfma"]},
        },
      ],
    }],
  ],
}
