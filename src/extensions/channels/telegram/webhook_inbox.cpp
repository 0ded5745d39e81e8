#include "extensions/channels/telegram/webhook_inbox.hpp"

namespace openclaw::extensions::telegram {

Task<net::Response> WebhookInbox::answer(std::shared_ptr<WebhookInbox> inbox, net::Request request, std::string body) {
  const auto given = request.headers.find("X-Telegram-Bot-Api-Secret-Token").value_or("");
  if (!inbox->secret_.matches(given)) co_return net::Response{401, {}, "wrong secret\n"};
  auto update = parse_json(body, "update");
  if (!update || !update->is_object()) co_return net::Response{400, {}, "not an update\n"};
  const auto item = std::make_shared<Item>();
  item->update = std::move(*update);
  if (!inbox->waiting_.try_push(item)) co_return net::Response{503, {}, "try again\n"};
  while (!item->outcome && !inbox->closed_)
    CO_TRY_VOID(co_await inbox->finished_.wait());
  if (!item->outcome) co_return net::Response{503, {}, "try again\n"};
  CO_TRY_VOID(*item->outcome);
  co_return net::Response{200, {}, "ok\n"};
}

Task<WebhookInbox::Batch> WebhookInbox::next() {
  Batch batch;
  CO_TRY(auto first, co_await waiting_.pop());
  if (first) batch.push_back(std::move(*first));
  add_waiting(batch);
  if (batch.empty()) co_return fail(Kind::cancelled, "The webhook ended.");
  co_return batch;
}

void WebhookInbox::add_waiting(Batch& batch) {
  while (auto item = waiting_.try_pop())
    batch.push_back(std::move(*item));
}

void WebhookInbox::finish(const Batch& batch, const Result<>& outcome) {
  for (const auto& item : batch)
    item->outcome = outcome;
  finished_.notify();
}

void WebhookInbox::close() {
  closed_ = true;
  waiting_.close();
  finished_.notify();
}

} // namespace openclaw::extensions::telegram
