#include "base/qr_code.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fmt/core.h>

namespace openclaw {
namespace {

using Bytes = std::vector<unsigned char>;
constexpr int kVersions = 40;
// ISO/IEC 18004, level L, by version: check words of a block, and blocks.
constexpr std::array<int, kVersions + 1> kCheckWords = {0,  7,  10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26,
                                                        30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28, 30,
                                                        30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30};
constexpr std::array<int, kVersions + 1> kBlocks = {0,  1,  1,  1,  1,  1,  2,  2,  2,  2,  4,  4,  4,  4,
                                                    4,  6,  6,  6,  6,  7,  8,  8,  9,  9,  10, 12, 12, 12,
                                                    13, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25};

// Modules that carry data, all in all.
int data_modules(int version) {
  int modules = (16 * version + 128) * version + 64;
  if (version >= 2) {
    const int marks = version / 7 + 2;
    modules -= (25 * marks - 10) * marks - 55;
    if (version >= 7) modules -= 36;
  }
  return modules;
}
int all_words(int version) {
  return data_modules(version) / 8;
}
int data_words(int version) {
  const auto index = static_cast<std::size_t>(version);
  return all_words(version) - kCheckWords[index] * kBlocks[index];
}
int length_bits(int version) {
  return version < 10 ? 8 : 16;
}

// In the field GF(2^8) of 0x11d.
unsigned char multiply(unsigned char a, unsigned char b) {
  unsigned int product = 0;
  for (int bit = 7; bit >= 0; --bit) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((static_cast<unsigned int>(b) >> bit) & 1U) * a;
  }
  return static_cast<unsigned char>(product);
}

Bytes divisor(int degree) {
  Bytes result(static_cast<std::size_t>(degree), 0);
  result.back() = 1;
  unsigned char root = 1;
  for (int i = 0; i < degree; ++i) {
    for (std::size_t j = 0; j < result.size(); ++j) {
      result[j] = multiply(result[j], root);
      if (j + 1 < result.size()) result[j] = static_cast<unsigned char>(result[j] ^ result[j + 1]);
    }
    root = multiply(root, 2);
  }
  return result;
}

Bytes check_words(const Bytes& data, const Bytes& by) {
  Bytes rest(by.size(), 0);
  for (const auto byte : data) {
    const auto factor = static_cast<unsigned char>(byte ^ rest.front());
    rest.erase(rest.begin());
    rest.push_back(0);
    for (std::size_t i = 0; i < rest.size(); ++i)
      rest[i] = static_cast<unsigned char>(rest[i] ^ multiply(by[i], factor));
  }
  return rest;
}

// Mode, length, text and filling.
Bytes data_of(std::string_view text, int version) {
  std::vector<bool> bits;
  const auto put = [&](unsigned int value, int count) {
    for (int bit = count - 1; bit >= 0; --bit)
      bits.push_back(((value >> bit) & 1U) != 0);
  };
  put(4, 4);
  put(static_cast<unsigned int>(text.size()), length_bits(version));
  for (const char c : text)
    put(static_cast<unsigned char>(c), 8);
  const auto capacity = static_cast<std::size_t>(data_words(version)) * 8;
  put(0, static_cast<int>(std::min<std::size_t>(4, capacity - bits.size())));
  put(0, static_cast<int>((8 - bits.size() % 8) % 8));
  for (unsigned int filling = 0xec; bits.size() < capacity; filling ^= 0xec ^ 0x11)
    put(filling, 8);
  Bytes words(bits.size() / 8, 0);
  for (std::size_t i = 0; i < bits.size(); ++i)
    words[i / 8] = static_cast<unsigned char>(words[i / 8] | (bits[i] ? 1 << (7 - i % 8) : 0));
  return words;
}

// Blocks with their check words, taken in turns.
Bytes interleaved(const Bytes& data, int version) {
  const auto index = static_cast<std::size_t>(version);
  const int blocks = kBlocks[index];
  const int check = kCheckWords[index];
  const int short_blocks = blocks - all_words(version) % blocks;
  const int short_length = all_words(version) / blocks - check;
  const auto by = divisor(check);
  std::vector<Bytes> parts, checks;
  auto at = data.begin();
  for (int block = 0; block < blocks; ++block) {
    const auto end = at + short_length + (block < short_blocks ? 0 : 1);
    parts.emplace_back(at, end);
    checks.push_back(check_words(parts.back(), by));
    at = end;
  }
  Bytes words;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(short_length); ++i)
    for (const auto& part : parts)
      if (i < part.size()) words.push_back(part[i]);
  for (std::size_t i = 0; i < static_cast<std::size_t>(check); ++i)
    for (const auto& part : checks)
      words.push_back(part[i]);
  return words;
}

std::vector<int> alignment_places(int version) {
  if (version == 1) return {};
  const int count = version / 7 + 2;
  const int step = (version * 8 + count * 3 + 5) / (count * 4 - 4) * 2;
  std::vector<int> places(static_cast<std::size_t>(count), 6);
  int place = version * 4 + 10;
  for (std::size_t i = places.size() - 1; i >= 1; --i, place -= step)
    places[i] = place;
  return places;
}

bool masked(int mask, int x, int y) {
  switch (mask) {
  case 0:
    return (x + y) % 2 == 0;
  case 1:
    return y % 2 == 0;
  case 2:
    return x % 3 == 0;
  case 3:
    return (x + y) % 3 == 0;
  case 4:
    return (x / 3 + y / 2) % 2 == 0;
  case 5:
    return x * y % 2 + x * y % 3 == 0;
  case 6:
    return (x * y % 2 + x * y % 3) % 2 == 0;
  default:
    return ((x + y) % 2 + x * y % 3) % 2 == 0;
  }
}

} // namespace

QrCode::QrCode(int version)
    : size_(version * 4 + 17), dark_(static_cast<std::size_t>(size_) * static_cast<std::size_t>(size_)),
      fixed_(dark_.size()) {}

void QrCode::set(int x, int y, bool dark) {
  const auto at = place_of(x, y);
  dark_[at] = dark;
  fixed_[at] = true;
}

void QrCode::draw_finder(int x, int y) {
  for (int dy = -4; dy <= 4; ++dy)
    for (int dx = -4; dx <= 4; ++dx) {
      const int distance = std::max(std::abs(dx), std::abs(dy));
      if (x + dx >= 0 && x + dx < size_ && y + dy >= 0 && y + dy < size_)
        set(x + dx, y + dy, distance != 2 && distance != 4);
    }
}

void QrCode::draw_frame(int version) {
  for (int i = 0; i < size_; ++i) {
    set(6, i, i % 2 == 0);
    set(i, 6, i % 2 == 0);
  }
  draw_finder(3, 3);
  draw_finder(size_ - 4, 3);
  draw_finder(3, size_ - 4);
  const auto places = alignment_places(version);
  for (std::size_t i = 0; i < places.size(); ++i)
    for (std::size_t j = 0; j < places.size(); ++j) {
      const bool corner =
          (i == 0 && j == 0) || (i == 0 && j + 1 == places.size()) || (j == 0 && i + 1 == places.size());
      if (corner) continue;
      for (int dy = -2; dy <= 2; ++dy)
        for (int dx = -2; dx <= 2; ++dx)
          set(places[i] + dx, places[j] + dy, std::max(std::abs(dx), std::abs(dy)) != 1);
    }
  draw_format(0); // keeps the place
  if (version < 7) return;
  int rest = version;
  for (int i = 0; i < 12; ++i)
    rest = (rest << 1) ^ ((rest >> 11) * 0x1f25);
  const long bits = (static_cast<long>(version) << 12) | rest;
  for (int i = 0; i < 18; ++i) {
    const bool dark = ((bits >> i) & 1) != 0;
    set(size_ - 11 + i % 3, i / 3, dark);
    set(i / 3, size_ - 11 + i % 3, dark);
  }
}

void QrCode::draw_format(int mask) {
  const int data = 1 << 3 | mask; // level L
  int rest = data;
  for (int i = 0; i < 10; ++i)
    rest = (rest << 1) ^ ((rest >> 9) * 0x537);
  const int bits = (data << 10 | rest) ^ 0x5412;
  const auto bit = [&](int i) { return ((bits >> i) & 1) != 0; };
  for (int i = 0; i <= 5; ++i)
    set(8, i, bit(i));
  set(8, 7, bit(6));
  set(8, 8, bit(7));
  set(7, 8, bit(8));
  for (int i = 9; i < 15; ++i)
    set(14 - i, 8, bit(i));
  for (int i = 0; i < 8; ++i)
    set(size_ - 1 - i, 8, bit(i));
  for (int i = 8; i < 15; ++i)
    set(8, size_ - 15 + i, bit(i));
  set(8, size_ - 8, true);
}

void QrCode::draw_words(const Bytes& words) {
  std::size_t at = 0;
  for (int right = size_ - 1; right >= 1; right -= 2) {
    if (right == 6) right = 5;
    for (int step = 0; step < size_; ++step)
      for (int side = 0; side < 2; ++side) {
        const int x = right - side;
        const bool upward = ((right + 1) & 2) == 0;
        const int y = upward ? size_ - 1 - step : step;
        const auto place = place_of(x, y);
        if (fixed_[place] || at >= words.size() * 8) continue;
        dark_[place] = ((words[at / 8] >> (7 - at % 8)) & 1) != 0;
        ++at;
      }
  }
}

void QrCode::apply_mask(int mask) {
  for (int y = 0; y < size_; ++y)
    for (int x = 0; x < size_; ++x) {
      const auto at = place_of(x, y);
      if (!fixed_[at] && masked(mask, x, y)) dark_[at] = !dark_[at];
    }
}

// Runs, squares and an unequal share of dark make a code hard to read.
int QrCode::penalty() const {
  int points = 0;
  int all = 0;
  for (const bool by_row : {true, false})
    for (int line = 0; line < size_; ++line) {
      int run = 0;
      bool colour = false;
      for (int i = 0; i < size_; ++i) {
        const bool now = by_row ? dark(i, line) : dark(line, i);
        if (i > 0 && now == colour) {
          ++run;
          if (run == 5) points += 3;
          if (run > 5) ++points;
        } else {
          colour = now;
          run = 1;
        }
      }
    }
  for (int y = 0; y < size_; ++y)
    for (int x = 0; x < size_; ++x) {
      all += dark(x, y) ? 1 : 0;
      if (x + 1 < size_ && y + 1 < size_ && dark(x, y) == dark(x + 1, y) && dark(x, y) == dark(x, y + 1) &&
          dark(x, y) == dark(x + 1, y + 1))
        points += 3;
    }
  return points + std::abs(all * 20 - size_ * size_ * 10) / (size_ * size_) * 10;
}

Result<QrCode> QrCode::of(std::string_view text) {
  int version = 1;
  while (version <= kVersions && 4 + static_cast<std::size_t>(length_bits(version)) + text.size() * 8 >
                                     static_cast<std::size_t>(data_words(version)) * 8)
    ++version;
  if (version > kVersions) return fail(Kind::invalid, "The text is too long for a QR code.");
  QrCode code(version);
  code.draw_frame(version);
  code.draw_words(interleaved(data_of(text, version), version));
  int best = 0;
  int least = INT32_MAX;
  for (int mask = 0; mask < 8; ++mask) {
    code.apply_mask(mask);
    code.draw_format(mask);
    if (const int points = code.penalty(); points < least) {
      best = mask;
      least = points;
    }
    code.apply_mask(mask); // once more takes it away
  }
  code.apply_mask(best);
  code.draw_format(best);
  return code;
}

std::string QrCode::terminal_text() const {
  std::string text;
  for (int y = -2; y < size_ + 2; y += 2) {
    text += "\x1b[30;107m"; // black on white
    for (int x = -2; x < size_ + 2; ++x) {
      const bool upper = dark(x, y);
      const bool lower = dark(x, y + 1);
      text += upper && lower ? "█" : upper ? "▀" : lower ? "▄" : " ";
    }
    text += "\x1b[0m\n";
  }
  return text;
}

std::string QrCode::svg() const {
  std::string path;
  for (int y = 0; y < size_; ++y)
    for (int x = 0; x < size_; ++x)
      if (dark(x, y)) path += fmt::format("M{},{}h1v1h-1z", x + 4, y + 4);
  return fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {0}\" "
                     "shape-rendering=\"crispEdges\"><rect width=\"{0}\" height=\"{0}\" fill=\"#fff\"/><path "
                     "d=\"{1}\"/></svg>",
                     size_ + 8, path);
}

} // namespace openclaw
