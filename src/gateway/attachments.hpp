// Files that a client sends with a message: [{type, mimeType, fileName, content: base64 or a data: URL}].
#pragma once
#include "gateway/services.hpp"

namespace openclaw::gateway {

// Keeps them in the workspace of the session's agent, names them in the message's text and adds the pictures to it.
// Kind::invalid names the one that cannot be taken; then nothing is kept.
Result<> add_attachments(Services& services, const json::object& params, messaging::Inbound& message);

} // namespace openclaw::gateway
