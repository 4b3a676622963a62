## Acting for offices, and mandates
offices = { $count ->
    [one] { $count } office
   *[other] { $count } offices
}
mandates-all = See the mandates
agent-id = Agent
withheld = Saved
withheld-why = The office itself returns the receipt.
barred = Cannot be sent
send-proxy = Send on behalf
principal-short = For
sent-for = From: 
mandate-over = Ended
