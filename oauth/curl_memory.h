#pragma once

namespace tokenvault {

// Starts libcurl, once a process, with an allocator that overwrites what it
// frees: request bodies, headers and answers pass through its buffers. Must
// come before any other use of libcurl. Thread-safe.
void StartCurl();

}  // namespace tokenvault
