# Project-wide settings and the one way to declare a library.
option(FAIRLEAD_BENCH "Build benchmarks" OFF)
set(FAIRLEAD_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=")

enable_testing()
include(GoogleTest)

add_library(fairlead_options INTERFACE)
target_compile_options(fairlead_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wimplicit-fallthrough
  $<$<CXX_COMPILER_ID:GNU>:-fcoroutines -Wno-missing-field-initializers -Wno-stringop-overread -Wno-maybe-uninitialized -Wno-restrict -Wno-dangling-pointer -Wno-array-bounds>
  $<$<CXX_COMPILER_ID:Clang>:-Wno-missing-field-initializers -Wno-deprecated-declarations>)
target_compile_definitions(fairlead_options INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_ARRAY BOOST_ASIO_DISABLE_VISIBILITY
  SPDLOG_FMT_EXTERNAL SPDLOG_COMPILED_LIB FAIRLEAD_VERSION="${PROJECT_VERSION}")
target_include_directories(fairlead_options INTERFACE ${PROJECT_SOURCE_DIR}/src)
if(FAIRLEAD_SANITIZE)
  target_compile_options(fairlead_options INTERFACE
    -fsanitize=${FAIRLEAD_SANITIZE} -fno-sanitize-recover=undefined -fno-omit-frame-pointer
    $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>)
  if(FAIRLEAD_SANITIZE STREQUAL "thread")
    target_compile_options(fairlead_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  endif()
  target_link_options(fairlead_options INTERFACE -fsanitize=${FAIRLEAD_SANITIZE})
endif()
find_program(MOLD mold)
if(MOLD)
  target_link_options(fairlead_options INTERFACE -fuse-ld=mold)
endif()
target_link_options(fairlead_options INTERFACE $<$<CONFIG:Release>:-Wl,--gc-sections>)
target_compile_options(fairlead_options INTERFACE $<$<CONFIG:Release>:-ffunction-sections -fdata-sections>)

# The one precompiled header: standard library and the coroutine parts of Asio, shared by every library.
file(WRITE ${CMAKE_BINARY_DIR}/pch.cpp "")
add_library(fairlead_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cpp)
target_link_libraries(fairlead_pch PUBLIC fairlead_options fmt::fmt Boost::headers Threads::Threads)
target_precompile_headers(fairlead_pch PRIVATE ${PROJECT_SOURCE_DIR}/src/rt/pch.h)

# Tests are half of what is compiled and spend no time in their own code: a header of their own with GoogleTest in it, and
# no optimisation in a release build, halve what they cost.
add_library(fairlead_test_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cpp)
target_compile_options(fairlead_test_pch PUBLIC $<$<CONFIG:Release>:-O0>)
target_link_libraries(fairlead_test_pch
  PUBLIC fairlead_options fmt::fmt Boost::headers Threads::Threads GTest::gtest GTest::gmock)
target_precompile_headers(fairlead_test_pch
  PRIVATE ${PROJECT_SOURCE_DIR}/src/rt/pch.h <gmock/gmock.h> <gtest/gtest.h>)

# fairlead_library(NAME [DEPS target...] [TEST_DEPS target...])
#   All .cpp files of the directory form the library; its *_test.cpp files form NAME_test, registered with CTest.
function(fairlead_library name)
  cmake_parse_arguments(ARG "" "" "DEPS;TEST_DEPS;SOURCES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  list(APPEND sources ${ARG_SOURCES})
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC fairlead_options ${ARG_DEPS} fmt::fmt Boost::headers Threads::Threads)
  target_precompile_headers(${name} REUSE_FROM fairlead_pch)
  if(tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${name} ${ARG_TEST_DEPS} GTest::gtest GTest::gmock GTest::gtest_main)
    target_compile_options(${name}_test PRIVATE $<$<CONFIG:Release>:-O0>)
    target_precompile_headers(${name}_test REUSE_FROM fairlead_test_pch)
    add_test(NAME ${name} COMMAND ${name}_test)
  endif()
endfunction()
