#include "server.hpp"

int main(int argc, char** argv) { return openclaw::llama_worker::run_llama_worker(argc, argv); }
