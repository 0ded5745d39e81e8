// First start without a model: shows what the small built-in one is and whose terms apply, and fetches it with a
// progress bar.
#pragma once
#include "agent/models.hpp"

namespace openclaw::app {

// Does nothing when a model is connected. A download that fails is told and is no error: the gateway then says so in
// its own words.
Task<> setup_model(agent::Models& models, async::Time& time);

} // namespace openclaw::app
