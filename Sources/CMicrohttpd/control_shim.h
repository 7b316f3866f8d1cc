#pragma once
#include <errno.h>
#include <microhttpd.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Starts a daemon as koomy_mhd_start does; 0 or -errno. */
static inline int koomy_mhd_control_start(const struct koomy_mhd_settings *settings, struct MHD_Daemon **daemon) {
  errno = 0;
  *daemon = koomy_mhd_start(settings);
  return *daemon ? 0 : errno ? -errno : -EINVAL;
}

/* Hands over a connected Unix socket, which the daemon closes in any case; 0 or -errno. */
static inline int koomy_mhd_control_add(struct MHD_Daemon *daemon, int descriptor) {
  struct sockaddr_un peer = {.sun_family = AF_UNIX};
  int added = MHD_add_connection(daemon, descriptor, (const struct sockaddr *)&peer, sizeof peer.sun_family);
  return added == MHD_YES ? 0 : -errno;
}

/* Makes the daemon see the end of a connection, which it then closes; the descriptor stays its own. */
static inline void koomy_mhd_control_cut(int descriptor) { (void)shutdown(descriptor, SHUT_RDWR); }

/* Tells the daemon of an end that came together with a request: of the two it has seen one edge (epoll(7)). */
static inline void koomy_mhd_control_notice_end(int descriptor) {
  char byte;
  if (recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) (void)shutdown(descriptor, SHUT_RD);
}
