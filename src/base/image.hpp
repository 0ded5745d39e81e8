// Which picture bytes are, by what they begin with: a name or a claimed type proves nothing.
#pragma once
#include <string_view>

namespace openclaw {

// image/png, image/jpeg, image/gif or image/webp, which models read; empty for anything else. Twelve bytes decide.
std::string_view image_type(std::string_view bytes);

} // namespace openclaw
