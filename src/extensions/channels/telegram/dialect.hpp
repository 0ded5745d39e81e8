// Telegram's HTML: https://core.telegram.org/bots/api#html-style.
#pragma once
#include "ports/rich_text.hpp"

namespace openclaw::extensions::telegram {

const ports::rich_text::Marks& marks();

} // namespace openclaw::extensions::telegram
