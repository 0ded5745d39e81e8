#include "gateway/receipt.hpp"

namespace openclaw::gateway {

json::value stopped_to_json(const std::vector<std::string>& runs) {
  json::array ids;
  for (const auto& run : runs)
    ids.push_back(json::value(run));
  return json::object{{"ok", true}, {"aborted", !runs.empty()}, {"runIds", std::move(ids)}};
}

json::value receipt_to_json(const messaging::Receipt& receipt) {
  using State = messaging::Receipt::State;
  switch (receipt.state) {
  case State::started:
    return json::object{{"runId", receipt.run_id}, {"status", "started"}};
  case State::in_flight:
    return json::object{{"runId", receipt.run_id}, {"status", "in_flight"}};
  case State::done:
    return json::object{{"runId", receipt.run_id}, {"status", "ok"}};
  case State::stopped:
    return stopped_to_json(receipt.stopped_runs);
  }
  return nullptr;
}

} // namespace openclaw::gateway
