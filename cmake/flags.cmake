# Warnings are errors; release builds are hardened; sanitizers by preset.
add_compile_options(-Wall -Wextra -Werror -Wno-psabi
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # Abseil comes from Debian, built by g++ 12; clang 18 and later name some of
  # its constrained templates in another way.
  add_compile_options(-Wthread-safety -fclang-abi-compat=17)
else()
  # g++ 12 sees uninitialized values inside absl::StatusOr and std::optional that
  # are none; clang, valgrind and the sanitizers look for the real ones.
  add_compile_options(-Wno-maybe-uninitialized)
endif()

# One -g for every preset keeps debug builds small enough for two cores.
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-D_FORTIFY_SOURCE=2 -fstack-protector-strong
    -fstack-clash-protection -fcf-protection)
  add_link_options(-pie -Wl,-z,relro,-z,now)
endif()

if(TOKENVAULT_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(TOKENVAULT_SANITIZE STREQUAL "thread")
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    add_compile_options(-Wno-tsan)  # Boost.Asio's fences, which g++ cannot see
  endif()
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
endif()

if(TOKENVAULT_FAULTS)
  add_compile_definitions(TOKENVAULT_FAULTS)
endif()

find_program(TOKENVAULT_MOLD mold)
if(TOKENVAULT_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
