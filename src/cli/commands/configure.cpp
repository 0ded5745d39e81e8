#include "cli/daemon/service.hpp"
#include "cli/onboarding/sections.hpp"
#include <fmt/core.h>
#include <sys/stat.h>

namespace openclaw::cli {
namespace {

using Ask = Result<> (*)(const Setup&, Terminal&, Answers&);
constexpr struct {
  std::string_view name;
  Ask ask;
} kSections[] = {{"model", ask_model}, {"workspace", ask_workspace}, {"gateway", ask_gateway}};

Result<> run_section(const Setup& setup, Terminal& terminal, Ask section) {
  Answers answers;
  TRY_VOID(section(setup, terminal, answers));
  TRY(const auto done, write_answers(setup, answers));
  for (const auto& sentence : done)
    terminal.output().line(sentence);
  return {};
}

Result<int> run_configure(Invocation& invocation) {
  ::umask(077); // whatever is made here is its owner's alone
  TRY_VOID(invocation.expect_arguments(0, 0));
  if (invocation.has("provider"))
    return fail(
        Kind::missing,
        "openclaw configure --provider is kept for the credentials of clouds, which this version does not have.",
        "For the provider of a model: openclaw configure --section model");
  TRY(const auto setup, load_setup(invocation));
  const auto wanted = invocation.value("section");
  std::vector<std::string> names;
  for (const auto& section : kSections)
    names.emplace_back(section.name);
  if (wanted && std::find(names.begin(), names.end(), *wanted) == names.end() && *wanted != "daemon")
    return fail(Kind::missing, fmt::format("There is no section \"{}\".", *wanted),
                "Sections: model, workspace, gateway, daemon.");
  TRY_VOID(Terminal::check("openclaw config set PATH VALUE changes one value without questions."));
  TRY_VOID(setup.folder.prepare());
  Terminal terminal(invocation.output());
  names.emplace_back("daemon");
  names.emplace_back("nothing more");
  while (true) {
    auto name = wanted.value_or("");
    if (name.empty()) {
      TRY(const auto chosen, terminal.choose("What shall be configured?", names, names.size() - 1));
      if (chosen + 1 == names.size()) return 0;
      name = names[chosen];
    }
    for (const auto& section : kSections)
      if (section.name == name) TRY_VOID(run_section(setup, terminal, section.ask));
    if (name == "daemon") {
      Service service(setup, invocation.value("profile").value_or(""));
      TRY_VOID(service.install());
      terminal.output().line(fmt::format("The service {} is there.", service.unit_path()));
    }
    if (wanted) return 0;
  }
}

} // namespace

void register_configure(CommandTable& table) {
  table.add({"configure",
             "Change one part of the setup by questions.",
             "",
             {{"section", 0, "NAME", "model, workspace, gateway or daemon; without, it asks which."},
              {"provider", 0, "NAME", "Kept for the credentials of clouds."}},
             reporting(run_configure)});
}

} // namespace openclaw::cli
