#pragma once
#include <microhttpd.h>

/* Swift cannot call functions with `...`; these have the arguments that we use. */

/* What a daemon without listening socket, driven by its owner's loop through its epoll descriptor, is told. */
struct koomy_mhd_settings {
  void *context; /* given to each callback first */
  MHD_AccessHandlerCallback handle;
  MHD_RequestCompletedCallback completed;
  MHD_NotifyConnectionCallback connection;
  /* Called when the request line has come; what it returns is the request's context. */
  void *(*begin)(void *context, const char *target, struct MHD_Connection *connection);
  unsigned int connection_limit;
  unsigned int timeout_seconds;
  size_t memory_limit; /* bytes for one connection's buffers */
};

static inline struct MHD_Daemon *koomy_mhd_start(const struct koomy_mhd_settings *s) {
  return MHD_start_daemon(
      MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, s->handle, s->context,
      MHD_OPTION_NOTIFY_COMPLETED, s->completed, s->context, MHD_OPTION_NOTIFY_CONNECTION, s->connection, s->context,
      MHD_OPTION_URI_LOG_CALLBACK, s->begin, s->context, MHD_OPTION_CONNECTION_LIMIT, s->connection_limit,
      MHD_OPTION_CONNECTION_TIMEOUT, s->timeout_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT, s->memory_limit,
      MHD_OPTION_END);
}

static inline int koomy_mhd_epoll_descriptor(struct MHD_Daemon *daemon) {
  const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
  return info ? info->epoll_fd : -1;
}

static inline int koomy_mhd_connection_descriptor(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info ? info->connect_fd : -1;
}

/* What the connection callback left in its socket_context. */
static inline void *koomy_mhd_connection_context(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info ? info->socket_context : NULL;
}
#include "control_shim.h"
