// Text that comes from outside or goes to people: hex, UTF-8, safe printing, suggestions, cutting.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw {

std::string to_hex(std::span<const std::uint8_t> bytes);
std::string base64url(std::span<const std::uint8_t> bytes);                  // no padding
std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text); // both alphabets, padding optional
std::string to_base64(std::span<const std::uint8_t> bytes);

bool valid_utf8(std::string_view text);
// Replaces each invalid byte by U+FFFD.
std::string to_valid_utf8(std::string_view text);
// The longest prefix of at most `bytes` bytes that does not split a code point.
std::string_view utf8_prefix(std::string_view text, std::size_t bytes);
// The longest suffix of at most `bytes` bytes that does not split a code point.
std::string_view utf8_suffix(std::string_view text, std::size_t bytes);

// Control, bidirectional and zero-width characters as \u{...}; cut at `limit` bytes with an ellipsis. For logs and
// approvals.
std::string printable(std::string_view text, std::size_t limit = 256);
// Keeps the head and the tail of a long text and says between them how many bytes are missing.
std::string cut_middle(std::string_view text, std::size_t head, std::size_t tail);

std::string_view trim(std::string_view text);
std::string lowercase_ascii(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);
bool constant_time_equal(std::string_view a, std::string_view b);

// The candidate nearest to `word` by edit distance, if it is near enough for "did you mean".
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

} // namespace openclaw
