# Everything from Debian 12, linked statically: each shared library costs start-up time.
set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
set(OPENSSL_USE_STATIC_LIBS ON)
set(Boost_USE_STATIC_LIBS ON)
find_package(OpenSSL 3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Threads REQUIRED)

function(openclaw_static_library variable name)
  find_library(${variable} NAMES ${name} REQUIRED)
endfunction()
openclaw_static_library(OPENCLAW_SQLITE sqlite3)
openclaw_static_library(OPENCLAW_BOOST_JSON boost_json)
openclaw_static_library(OPENCLAW_BOOST_CONTAINER boost_container)
openclaw_static_library(OPENCLAW_SODIUM sodium)
openclaw_static_library(OPENCLAW_SECCOMP seccomp)
openclaw_static_library(OPENCLAW_RE2 re2)
openclaw_static_library(OPENCLAW_UTF8PROC utf8proc)
openclaw_static_library(OPENCLAW_GUMBO gumbo)
openclaw_static_library(OPENCLAW_CMARK cmark-gfm)
openclaw_static_library(OPENCLAW_CMARK_EXTENSIONS cmark-gfm-extensions)

add_library(openclaw_dependencies INTERFACE)
target_link_libraries(openclaw_dependencies INTERFACE
  ${OPENCLAW_BOOST_JSON} ${OPENCLAW_BOOST_CONTAINER} ${OPENCLAW_SQLITE} ${OPENCLAW_SODIUM} ${OPENCLAW_SECCOMP}
  ${OPENCLAW_RE2} ${OPENCLAW_UTF8PROC} ${OPENCLAW_GUMBO} ${OPENCLAW_CMARK_EXTENSIONS} ${OPENCLAW_CMARK} OpenSSL::SSL OpenSSL::Crypto ZLIB::ZLIB Threads::Threads dl)
