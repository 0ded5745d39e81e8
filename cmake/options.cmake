# Compiler and linker flags of every target, and the one precompiled header they share.
add_library(openclaw_options INTERFACE)
target_include_directories(openclaw_options INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/generated)
target_compile_definitions(openclaw_options INTERFACE
  FMT_HEADER_ONLY
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_ARRAY
  BOOST_BEAST_SEPARATE_COMPILATION BOOST_JSON_STATIC_LINK
  _GLIBCXX_ASSERTIONS)
target_compile_options(openclaw_options INTERFACE
  "SHELL:-Xclang -fno-pch-timestamp"
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers
  -fPIE -fstack-protector-strong -ffunction-sections -fdata-sections -fvisibility=hidden
  $<$<CONFIG:Release>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3>)
target_link_options(openclaw_options INTERFACE
  -fuse-ld=lld -pie -static-libstdc++ -static-libgcc -Wl,--gc-sections -Wl,-z,relro -Wl,-z,now
  # Identical functions once, and relative relocations packed (glibc 2.36): a sixteenth of the binary.
  $<$<CONFIG:Release>:-Wl,-s -Wl,-O2 -Wl,--icf=safe -Wl,-z,pack-relative-relocs>)

file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/openclaw_version.hpp CONTENT
"#define OPENCLAW_VERSION \"@PROJECT_VERSION@\"\n" @ONLY)
file(WRITE ${CMAKE_BINARY_DIR}/generated/openclaw_pch.cpp "")
add_library(openclaw_pch OBJECT ${CMAKE_BINARY_DIR}/generated/openclaw_pch.cpp)
target_link_libraries(openclaw_pch PUBLIC openclaw_options)
target_precompile_headers(openclaw_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.hpp)
