#include "store/model_health.hpp"

namespace openclaw::store {

Result<std::vector<ModelHealthRow>> read_model_health(Connection& connection, std::int64_t limit) {
  TRY(auto query,
      connection.prepare("SELECT provider, credential, model, failure, failures, failed_ms, until_ms, told, "
                         "text FROM model_health ORDER BY until_ms DESC LIMIT ?"));
  query.bind(limit);
  std::vector<ModelHealthRow> rows;
  while (true) {
    TRY(const bool found, query.step());
    if (!found) return rows;
    rows.push_back({query.text(0), query.text(1), query.text(2), query.text(3), query.integer(4), query.integer(5),
                    query.integer(6), query.integer(7) != 0, query.text(8)});
  }
}

Result<> save_model_health(Connection& connection, const ModelHealthRow& row) {
  TRY(auto command, connection.prepare("INSERT OR REPLACE INTO model_health(provider, credential, model, failure, "
                                       "failures, failed_ms, until_ms, told, text) VALUES (?,?,?,?,?,?,?,?,?)"));
  command.bind(row.provider).bind(row.credential).bind(row.model).bind(row.failure).bind(row.failures);
  command.bind(row.failed_ms).bind(row.until_ms).bind(row.told).bind(row.text);
  return command.run();
}

Result<> delete_model_health(Connection& connection, const ModelHealthRow& row) {
  TRY(auto command, connection.prepare("DELETE FROM model_health WHERE provider = ? AND credential = ? AND model = ? "
                                       "AND failure = ?"));
  command.bind(row.provider).bind(row.credential).bind(row.model).bind(row.failure);
  return command.run();
}

} // namespace openclaw::store
