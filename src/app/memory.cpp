#include "app/memory.hpp"

#include <cstdint>
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>

namespace openclaw::app {
namespace {

// The program itself comes first. Only segments that were never written to can be read again from its file.
int release_code(dl_phdr_info* program, std::size_t, void*) {
  constexpr std::uintptr_t kPage = 4096;
  for (int i = 0; i < program->dlpi_phnum; ++i) {
    const auto& segment = program->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const auto begin = (program->dlpi_addr + segment.p_vaddr) & ~(kPage - 1);
    const auto end = program->dlpi_addr + segment.p_vaddr + segment.p_memsz;
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED); // NOLINT(performance-no-int-to-ptr)
  }
  return 1;
}

} // namespace

void give_back_memory() {
  malloc_trim(0);
  ::dl_iterate_phdr(release_code, nullptr);
}

void set_memory_limits() {
  // One arena for the loop, one for the pool: more only cost memory here.
  mallopt(M_ARENA_MAX, 2);
  // A turn needs some hundred kilobytes and frees them: taking them from the system anew each time would be a tenth of
  // what it costs.
  constexpr int kKept = 1024 * 1024;
  mallopt(M_TRIM_THRESHOLD, kKept);
  mallopt(M_TOP_PAD, kKept / 4);
}

} // namespace openclaw::app
