// Block streaming: a reply is shown in readable pieces instead of single tokens. Pure: decides where the next piece may end.
#pragma once
#include <cstddef>
#include <string_view>

namespace openclaw::agent {

// OpenClaw's agents.defaults.blockStreamingChunk.
struct BlockSize {
  std::size_t least = 800; // bytes before a piece is worth showing
  std::size_t most = 1200; // bytes after which one is shown even without a good place to break
};

// How many bytes of `pending` make the next piece; 0: wait for more. Prefers the end of a paragraph, then of a line, of a sentence, of
// a word; never inside a code fence unless the fence alone is longer than `most`, and never inside a code point.
std::size_t block_end(std::string_view pending, BlockSize size);

} // namespace openclaw::agent
