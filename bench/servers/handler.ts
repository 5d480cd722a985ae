/**
 * What all servers that are measured answer.
 *
 * @module
 */

const PAGE = "a".repeat(4096);

/** A text for GET, and for POST what came. */
export function answer(request: Request): Response | Promise<Response> {
  if (request.method === "POST") return echo(request);
  return new Response(request.url.endsWith("/4k") ? PAGE : "hello");
}

async function echo(request: Request): Promise<Response> {
  return new Response(await request.text());
}
