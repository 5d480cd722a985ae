/**
 * nginx with files, as an endpoint.
 *
 * @module
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ServerProgram, startServer } from "./programs.ts";

/** A running nginx and the folder whose files it serves; CSS is compressed on its way. */
export class NginxFiles {
  readonly folder: string;
  readonly #server: ServerProgram;

  private constructor(folder: string, server: ServerProgram) {
    this.folder = folder;
    this.#server = server;
  }

  static async start(files: Readonly<Record<string, string | Uint8Array>>): Promise<NginxFiles> {
    const folder = mkdtempSync(join(tmpdir(), "ringway-nginx-"));
    // Started by root, nginx reads as another user.
    chmodSync(folder, 0o755);
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const path = join(folder, "nginx.conf");
    const server = await startServer("nginx", (port) => {
      writeFileSync(path, config(folder, port));
      return ["-p", folder, "-e", "stderr", "-c", path];
    });
    return new NginxFiles(folder, server);
  }

  get port(): number {
    return this.#server.port;
  }

  async close(): Promise<void> {
    await this.#server.stop();
    rmSync(this.folder, { recursive: true });
  }
}

function config(folder: string, port: number): string {
  return `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  sendfile on;
  # Else it names its own port in redirects, which is not the client's.
  absolute_redirect off;
  types { text/html html; text/css css; }
  gzip on;
  gzip_types text/css;
  gzip_proxied any;
  gzip_min_length 100;
  server {
    listen 127.0.0.1:${port};
    root ${folder};
    location /connection { return 200 "$connection $connection_requests $server_protocol\\n"; }
    location /folder { return 301 /folder/; }
  }
}
`;
}
