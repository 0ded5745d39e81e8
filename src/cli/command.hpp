#pragma once
namespace openclaw::cli { class CommandTable {}; }
