// A QR code of a text, for phones to read from a terminal or a page: bytes, error correction level L, versions 1 to 40.
#pragma once
#include "base/result.hpp"
#include <string>
#include <string_view>
#include <vector>

namespace openclaw {

class QrCode {
public:
  // Kind::invalid when the text has more than 2953 bytes.
  static Result<QrCode> of(std::string_view text);
  int size() const { return size_; } // modules a side, without the quiet zone
  bool dark(int x, int y) const { return x >= 0 && y >= 0 && x < size_ && y < size_ && dark_[place_of(x, y)]; }

  // Two modules a character, with the quiet zone; readable on dark and light terminals alike, for it sets both colours.
  std::string terminal_text() const;
  std::string svg() const;

private:
  explicit QrCode(int version);
  std::size_t place_of(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(size_) + static_cast<std::size_t>(x);
  }
  void set(int x, int y, bool dark);
  void draw_finder(int x, int y);
  void draw_frame(int version);
  void draw_format(int mask);
  void draw_words(const std::vector<unsigned char>& words);
  void apply_mask(int mask);
  int penalty() const;

  int size_ = 0;
  std::vector<bool> dark_;
  std::vector<bool> fixed_; // no data, no mask
};

} // namespace openclaw
