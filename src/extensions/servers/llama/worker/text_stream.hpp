// Turns the byte pieces that a model produces into text that may be sent:
// whole UTF-8 code points only, and nothing of a stop sequence.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::llama_worker {

// The length of the longest start of `bytes` that ends at a code point's end.
// Bytes that can never become valid count as whole, so that nothing sticks.
std::size_t whole_code_points(std::string_view bytes);

// Replaces every byte that is not part of valid UTF-8 by U+FFFD.
std::string valid_utf8(std::string_view bytes);

class TextStream {
public:
  explicit TextStream(std::vector<std::string> stop_sequences);

  // Takes the next piece and returns what is now safe to send.
  std::string push(std::string_view piece);

  // Returns what was still held back, at the end of the generation.
  std::string finish();

  // True as soon as a stop sequence was seen; its text is never returned.
  bool stopped() const { return stopped_; }

private:
  std::vector<std::string> stop_sequences_;
  std::string pending_;
  bool stopped_ = false;
};

} // namespace openclaw::llama_worker
