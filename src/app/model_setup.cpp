#include "app/model_setup.hpp"

#include <cstdio>
#include <fmt/core.h>
#include <unistd.h>

namespace openclaw::app {
namespace {

// One line that is drawn over on a terminal, a line every tenth elsewhere.
class ProgressBar {
public:
  void show(ports::DownloadProgress progress) {
    if (progress.total_bytes <= 0) return;
    const auto percent = static_cast<int>(progress.done_bytes * 100 / progress.total_bytes);
    if (percent == shown_ || (!terminal_ && percent / 10 == shown_ / 10 && shown_ >= 0)) return;
    shown_ = percent;
    const int filled = percent * 30 / 100;
    fmt::print("{}  [{}{}] {:3} %  {} of {} MB{}", terminal_ ? "\r" : "",
               std::string(static_cast<std::size_t>(filled), '#'),
               std::string(static_cast<std::size_t>(30 - filled), '.'), percent, progress.done_bytes / 1'000'000,
               progress.total_bytes / 1'000'000, terminal_ ? "" : "\n");
    std::fflush(stdout);
  }
  void end() const {
    if (terminal_ && shown_ >= 0) fmt::print("\n");
  }

private:
  bool terminal_ = ::isatty(STDOUT_FILENO) == 1;
  int shown_ = -1;
};

} // namespace

Task<> setup_model(agent::Models& models, async::Time&) {
  CO_TRY(const auto status, co_await models.status());
  if (status.state == agent::ModelState::ready) {
    fmt::print("Model: {} ({})\n", status.reference, status.source);
    co_return Result<>{};
  }
  if (!status.embedded_known || status.embedded_present) {
    fmt::print("{} {}\n", status.message, status.hint);
    co_return Result<>{};
  }
  const auto& terms = status.terms;
  fmt::print(
      "No model is connected, so the small built-in one is fetched: {} under {} ({} MB).\n{}\nLicence: {} ({})\n",
      terms.model_name, terms.engine_name, terms.download_bytes / 1'000'000, terms.text, terms.licence_name,
      terms.licence_url);
  std::fflush(stdout);
  const auto bar = std::make_shared<ProgressBar>();
  auto fetched = co_await models.download([bar](ports::DownloadProgress progress) { bar->show(progress); });
  bar->end();
  if (!fetched)
    fmt::print(stderr, "{}\n", fetched.error().text());
  else
    fmt::print("The built-in model is ready.\n");
  co_return Result<>{};
}

} // namespace openclaw::app
