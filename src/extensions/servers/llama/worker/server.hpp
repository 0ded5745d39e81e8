// The worker process: an OpenAI-compatible endpoint over one local model, on a
// listening socket that its parent opened. The first line of its standard input
// is the key that every request must bear. It ends when its standard input
// closes, so it never outlives the parent.
#pragma once

namespace openclaw::llama_worker {

// Arguments: --libraries FOLDER --model FILE --listen-fd NUMBER --name NAME
// and optionally --context TOKENS --threads NUMBER --format gemma|dialogue.
int run_llama_worker(int argc, char** argv);

} // namespace openclaw::llama_worker
