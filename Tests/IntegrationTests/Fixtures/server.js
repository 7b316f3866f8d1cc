// A node worker as it should be: it listens on the inherited socket, and on SIGTERM answers what is in flight, tells
// keep-alive clients to go elsewhere, and ends.
'use strict';
const http = require('node:http');
const net = require('node:net');

const lingerMilliseconds = 1500;
let leaving = false;

const server = http.createServer((request, response) => {
  if (leaving) response.setHeader('Connection', 'close');
  setTimeout(() => {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ ok: true, pid: process.pid, version: process.env.VERSION }));
  }, request.url === '/health' ? 0 : 15);
});

// The client closes idle connections first; the server does so only when nobody uses them any more.
server.keepAliveTimeout = 60_000;
server.listen({ fd: Number(process.argv[2] ?? 3) });

process.on('SIGTERM', () => {
  leaving = true;
  // http.Server's own close() would also cut idle connections, on which a request may be under way.
  net.Server.prototype.close.call(server, () => process.exit(0));
  setTimeout(() => server.closeIdleConnections(), lingerMilliseconds);
});
