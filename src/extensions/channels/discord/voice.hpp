// What Discord wants to know of a voice message besides its sound. Pure.
#pragma once
#include "base/json.hpp"
#include <optional>
#include <string_view>

namespace openclaw::extensions::discord {

// The entry in "attachments" for an Ogg file; nothing for another format, which Discord takes as a file only.
std::optional<json::object> voice_attachment(std::string_view bytes, std::string_view file_name);

} // namespace openclaw::extensions::discord
