## 代行（PX）と委任
offices = { $count }事業所
mandates-all = 委任を見る
agent-id = 代行業者ID
withheld = 保存済み
withheld-why = 受領証は、事業所が返します。
barred = 送れません
send-proxy = 代行送信
principal-short = 委任元
sent-for = 送信元：
mandate-over = 委任切れ
