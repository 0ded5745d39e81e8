// What may be shown of a configuration: values of secret keys become "***". A text that comes back with such marks gets
// the old values again, so that "get, change one thing, set" never destroys a credential.
#pragma once
#include "base/json.hpp"
#include "base/result.hpp"
#include "config/edit.hpp"
#include <functional>
#include <string>
#include <string_view>

namespace openclaw::config {

inline constexpr std::string_view kRedacted = "***";

// A reference such as "${OPENAI_API_KEY}" is no secret and stays.
json::value redact_for_display(const json::value& value);
// The value at a path: that of a secret key is hidden too.
json::value redact_for_display(const json::value& value, std::string_view last_key);
// The same on the text; one that cannot be parsed becomes empty.
std::string redact_text_for_display(std::string_view text);
// Whether what stands at or below this key is never shown: passwords, tokens, headers, variables.
bool is_secret_place(std::string_view key);
// Texts at secret places that stand in a configuration's text themselves, neither ${NAME} nor a reference.
struct PlainSecret {
  Path path;
  std::string value;
};
std::vector<PlainSecret> plain_secrets(std::string_view text);
// Every text below a secret key of a value. Headers and variables are left out: not everything in them is a secret.
void each_secret_text(const json::value& value, const std::function<void(std::string_view)>& found);
// Puts the values of `old_text` where `new_text` has "***" under a secret key. Kind::invalid when there was none.
Result<std::string> restore_redacted(std::string new_text, std::string_view old_text);

} // namespace openclaw::config
