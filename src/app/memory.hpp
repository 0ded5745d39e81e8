// Memory that is not needed any more goes back to the system.
#pragma once

namespace openclaw::app {

// Free pieces of the heap, and the pages of the program's own code and constants that were read so far: starting
// touches much of it that nothing needs again. What is needed is mapped again from the page cache at its next use.
void give_back_memory();

// How the heap grows and shrinks, for the whole process; to be called before any thread is started.
void set_memory_limits();

} // namespace openclaw::app
