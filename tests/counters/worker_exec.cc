// Puts a command (SLUICE_WORKER_PREFIX, words separated by blanks) in front of the worker, and only
// the worker, when the supervisor starts it: Valgrind cannot follow an exec of /proc/self/exe, and
// would slow the other processes for nothing. Loaded by LD_PRELOAD into the supervisor.
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <unistd.h>

extern "C" int execv(const char* path, char* const argv[]) {
    const char* const prefix = std::getenv("SLUICE_WORKER_PREFIX");
    bool is_worker = false;
    for (size_t i = 0; argv[i] != nullptr; ++i) is_worker |= std::strcmp(argv[i], "worker") == 0;
    unsetenv("LD_PRELOAD");  // whatever is started now is started as it is
    if (prefix == nullptr || !is_worker) return execve(path, argv, environ);

    std::vector<char*> words;
    std::string text(prefix);
    for (char* word = std::strtok(text.data(), " "); word != nullptr;
         word = std::strtok(nullptr, " ")) {
        words.push_back(word);
    }
    for (size_t i = 1; argv[i] != nullptr; ++i) words.push_back(argv[i]);
    words.push_back(nullptr);
    return execve(words.front(), words.data(), environ);
}
