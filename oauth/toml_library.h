#pragma once

// toml++, the one way to include it. It is slow to compile and its settings are
// part of its inline functions, so few files include it, and all alike.
//
// Its 3.3 asserts that a key begins like a key, though "[#x]" is merely a
// mistake in a file; the code behind copes. With NDEBUG the assertion becomes a
// promise to the optimizer, which is worse. So there are no assertions, in any
// build.
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(expr) static_cast<void>(0)
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")
