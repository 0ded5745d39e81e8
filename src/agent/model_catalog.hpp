#pragma once
#include "agent/pricing.hpp"
#include "ports/model.hpp"
namespace openclaw::agent {
struct ModelChoice {
  ports::ModelEndpoint endpoint;
  std::string provider, model, name;
  std::int64_t context_tokens = 0, max_output_tokens = 8192;
  bool reasoning = false;
  Price price;
  std::string source;
};
}
