#pragma once
namespace openclaw::gateway { class MethodTable {}; }
