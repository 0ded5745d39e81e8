// The part of a session that a model is shown: the newest messages that fit.
#pragma once
#include "ports/model.hpp"
#include "store/sqlite.hpp"
#include <string>
#include <vector>

namespace openclaw::agent {

// What a message takes at most, in bytes; a token is at least one.
std::size_t bytes_of(const ports::Message& message);
std::size_t bytes_of(const ports::ModelRequest& request);
// Leaves out the oldest messages until the rest fits `limit` bytes, always keeping the last one.
void keep_newest(std::vector<ports::Message>& messages, std::size_t limit);
// Leaves out what came before the last `turns` messages of a person.
void keep_turns(std::vector<ports::Message>& messages, int turns);
// Half of what there is, for a model that found it too long.
void keep_newest_half(std::vector<ports::Message>& messages);

// The session's last messages, oldest first; with `envelopes` a person's words carry their time.
Result<std::vector<ports::Message>> read_window(store::Connection& connection, const std::string& session_id,
                                                bool envelopes);
// Puts what ended since the last turn in front of the newest words of a person.
void add_notices(std::vector<ports::Message>& messages, const std::vector<std::string>& notices);
// Cuts them to the room that the request's other parts leave in a context of so many tokens (0: unknown, nothing is
// cut).
void fit_context(std::vector<ports::Message>& messages, const ports::ModelRequest& request,
                 std::int64_t context_tokens);

} // namespace openclaw::agent
