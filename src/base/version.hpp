// The version of this program, as the build system knows it.
#pragma once
#include "openclaw_version.hpp"
#include <string_view>

namespace openclaw {
inline constexpr std::string_view kVersion = OPENCLAW_VERSION;
}
