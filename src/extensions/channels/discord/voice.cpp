#include "extensions/channels/discord/voice.hpp"

#include "base/text.hpp"
#include <string>
#include <vector>

namespace openclaw::extensions::discord {
namespace {

constexpr std::string_view kPage = "OggS";
constexpr std::size_t kGranuleAt = 6;
constexpr std::uint64_t kSamplesPerSecond = 48'000; // of Opus, whatever it was recorded with
constexpr std::uint64_t kLongestSeconds = 20 * 60;

// Opus counts its samples in each page: the last page has the length of the whole.
double seconds_of(std::string_view bytes) {
  const auto last = bytes.rfind(kPage);
  if (last == std::string_view::npos || last + kGranuleAt + 8 > bytes.size()) return 1;
  std::uint64_t samples = 0;
  for (std::size_t i = 8; i-- > 0;)
    samples = samples << 8 | static_cast<unsigned char>(bytes[last + kGranuleAt + i]);
  if (samples == 0 || samples / kSamplesPerSecond > kLongestSeconds) return 1;
  return static_cast<double>(samples) / kSamplesPerSecond;
}

} // namespace

std::optional<json::object> voice_attachment(std::string_view bytes, std::string_view file_name) {
  if (!bytes.starts_with(kPage)) return std::nullopt;
  // The picture of the sound: an even line, because nothing here decodes sound.
  const std::vector<std::uint8_t> line(64, 64);
  return json::object{
      {"id", "0"}, {"filename", file_name}, {"duration_secs", seconds_of(bytes)}, {"waveform", to_base64(line)}};
}

} // namespace openclaw::extensions::discord
