// WhatsApp's own marks: *bold*, _italic_, ~strike~, `code`, ``` blocks ``` and "> " quotes. Links and headings have
// none.
#pragma once
#include "ports/rich_text.hpp"

namespace openclaw::extensions::whatsapp {

const ports::rich_text::Marks& marks();

} // namespace openclaw::extensions::whatsapp
