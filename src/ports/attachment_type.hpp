#pragma once
#include "ports/channel.hpp"
#include <string_view>

namespace openclaw::ports {

// What a file is to people, by the type that it claims: image, audio, video, else a document. That it is a voice note
// or a sticker only its platform knows.
Attachment::Type attachment_type(std::string_view mime_type);

} // namespace openclaw::ports
