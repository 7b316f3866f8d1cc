// A worker with connections that stay open: keep-alive requests, a stream of events at /events, and at /chat a connection
// that is no longer HTTP. It has one connection of its own, to a port of the environment.
//
// On SIGTERM it stops accepting, says `Connection: close`, and ends when the last connection is closed; with STUBBORN it
// never ends.
'use strict';
const http = require('node:http');
const net = require('node:net');

const outgoing = process.env.OUTGOING ? net.connect(Number(process.env.OUTGOING), '127.0.0.1') : undefined;
outgoing?.on('error', () => {});
let leaving = false;

const server = http.createServer((request, response) => {
  if (leaving) response.setHeader('Connection', 'close');
  if (request.url === '/events') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(`data: pid=${process.pid};\n\n`);
    return;
  }
  setTimeout(() => response.end(`${process.pid}\n`), 10);
});
server.keepAliveTimeout = 60_000;
server.on('upgrade', (request, socket) => {
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\npid=${process.pid};\n`);
  socket.on('data', (bytes) => socket.write(bytes));
  socket.on('end', () => socket.end());
});
server.listen({ fd: 3 });

process.on('SIGTERM', () => {
  leaving = true;
  net.Server.prototype.close.call(server, () => {
    if (!process.env.STUBBORN) process.exit(0);
  });
  setTimeout(() => server.closeIdleConnections(), 300);
});
if (process.env.STUBBORN) setInterval(() => {}, 1000);
