# tokenvault_library(NAME SRCS a.cc b.cc DEPS lib ...)
#   One floor: a static library tokenvault_NAME that sees the tree from its root.
function(tokenvault_library NAME)
  cmake_parse_arguments(A "" "" "SRCS;DEPS" ${ARGN})
  add_library(tokenvault_${NAME} STATIC ${A_SRCS})
  target_include_directories(tokenvault_${NAME} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(tokenvault_${NAME} PUBLIC ${A_DEPS})
endfunction()

# tokenvault_test(NAME SRCS a_test.cc DEPS lib ... [LABELS tsan])
#   One GoogleTest binary a folder; every test of it is known to ctest by name.
#   Under a sanitizer a process costs more than most tests, so `ctest -C whole
#   -L whole` runs each binary once, with all that is in it.
function(tokenvault_test NAME)
  cmake_parse_arguments(A "" "" "SRCS;DEPS;LABELS" ${ARGN})
  add_executable(${NAME} ${A_SRCS})
  target_link_libraries(${NAME} PRIVATE ${A_DEPS} GTest::gmock
    GTest::gtest_main)
  target_compile_definitions(${NAME} PRIVATE
    TOKENVAULT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  gtest_discover_tests(${NAME} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120
    PROPERTIES TIMEOUT 120 LABELS "${A_LABELS}")
  add_test(NAME ${NAME} CONFIGURATIONS whole COMMAND ${NAME})
  set_tests_properties(${NAME} PROPERTIES TIMEOUT 900 LABELS "whole;${A_LABELS}")
  # Target tests_LABEL builds the binaries of that label and no others.
  foreach(LABEL ${A_LABELS})
    if(NOT TARGET tests_${LABEL})
      add_custom_target(tests_${LABEL})
    endif()
    add_dependencies(tests_${LABEL} ${NAME})
  endforeach()
endfunction()

# tokenvault_embed(OUT_VAR FUNCTION name FILES a b ...)
#   Writes a .cc that defines `EmbeddedFile name(...)`: see base/embedded.h.
#   Files are compiled in, so the daemon reads none of them while it runs.
function(tokenvault_embed OUT_VAR)
  cmake_parse_arguments(A "" "FUNCTION" "FILES" ${ARGN})
  set(OUT ${CMAKE_CURRENT_BINARY_DIR}/${A_FUNCTION}.cc)
  set(PATHS "")
  foreach(F ${A_FILES})
    list(APPEND PATHS ${CMAKE_CURRENT_SOURCE_DIR}/${F})
  endforeach()
  add_custom_command(
    OUTPUT ${OUT}
    COMMAND ${CMAKE_COMMAND} -DOUT=${OUT} -DFUNCTION=${A_FUNCTION}
      "-DFILES=${PATHS}" -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${PATHS} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    VERBATIM)
  set(${OUT_VAR} ${OUT} PARENT_SCOPE)
endfunction()
