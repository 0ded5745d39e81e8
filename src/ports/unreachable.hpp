// Why a platform could not be asked, for people.
#pragma once
#include "base/result.hpp"
#include <string_view>

namespace openclaw::ports {

// A failure of the HTTP client without the address that it quotes, which may hold a token; of one before there was a
// connection the reason stays, for that names hosts only. `setting` is the key of the platform's base address.
Error unreachable(const Error& error, std::string_view platform, std::string_view setting);

} // namespace openclaw::ports
