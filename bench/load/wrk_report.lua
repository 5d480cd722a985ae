-- An argument makes it upload a body of so many bytes with each request.
function init(arguments)
  if arguments[1] then
    wrk.method = "POST"
    wrk.body = string.rep("a", tonumber(arguments[1]))
  end
end

-- Prints what wrk has counted, with more digits than wrk itself.
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%.0f,"bytes":%.0f,"durationUs":%.0f,"connectErrors":%.0f,"readErrors":%.0f,' ..
      '"writeErrors":%.0f,"timeouts":%.0f,"badStatuses":%.0f,"p50Us":%.0f,"p90Us":%.0f,"p99Us":%.0f,"p999Us":%.0f}\n',
    summary.requests, summary.bytes, summary.duration, errors.connect, errors.read,
    errors.write, errors.timeout, errors.status,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency:percentile(99.9)
  ))
end
