// The program of the image localhost/pause:1, which holds a pod's namespaces: sleeps until told to end, and reaps what
// is left to it.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" void on_end(int) { _exit(0); }
extern "C" void on_child(int) {
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

int main() {
  signal(SIGINT, on_end);
  signal(SIGTERM, on_end);
  signal(SIGCHLD, on_child);
  for (;;) pause();
}
