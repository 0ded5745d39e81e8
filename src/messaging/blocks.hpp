// Block streaming: parts of an answer that go out as messages of their own while the rest is being made. Pure: what a
// part looks like by itself, and what of the answer is left at its end.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace openclaw::messaging {

// The line that opened a code fence which is still open at the end of the text; empty: none is.
std::string_view open_fence(std::string_view text);
// A part as people should read it: a fence that is open before it is opened again, one that is open after it is closed.
std::string whole_block(std::string_view before, std::string_view block);
// What of `answer` comes after `sent`, which is its beginning but for spaces; nothing when it is not.
std::optional<std::string> rest_after(std::string_view answer, std::string_view sent);

} // namespace openclaw::messaging
