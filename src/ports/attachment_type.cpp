#include "ports/attachment_type.hpp"

namespace openclaw::ports {

Attachment::Type attachment_type(std::string_view mime_type) {
  if (mime_type.starts_with("image/")) return Attachment::Type::image;
  if (mime_type.starts_with("audio/")) return Attachment::Type::audio;
  if (mime_type.starts_with("video/")) return Attachment::Type::video;
  return Attachment::Type::document;
}

} // namespace openclaw::ports
