## ライセンスの手続き
licence-fee = 利用料
licence-fee-year = 1年{ $yen }円（税込）
licence-years = 利用期間
licence-consent = 利用規約 { $version } に { $user } が同意
licence-terms = 利用規約（版 { $version }）
licence-agree = 利用規約（版 { $version }）を読み、同意します
licence-pay-by = 支払い方法
licence-make-automatic = 期限の最終日に、自動で更新する
licence-apply = 利用を申請する
licence-renew = 更新する
licence-turn-on = 自動更新にする
licence-turn-off = 自動更新をやめる
licence-no-terms = 利用規約がまだ公開されていないので、手続きできません。ゲートウェイの運用者に問い合わせてください。
licence-soon = 有効期限まであと{ $count }日です。
licence-soon-automatic = 自動更新の設定なので、手続きは要りません。最終日に更新されます。
licence-soon-terms = 利用規約が変わったので、自動では更新されません。{ $at ->
    [screen] 新しい規約を読み、「ライセンス」の画面の「更新する」で手続きしてください。
   *[terminal] fumibako licence renew で新しい規約を読み、同意して更新してください。
}
licence-soon-next = { $at ->
    [screen] 「ライセンス」の画面の「更新する」で手続きしてください。
   *[terminal] fumibako licence renew で更新してください。
}
licence-over = ライセンスの有効期限が過ぎています。
licence-over-next = 送受信はできません。届いているデータの取得と証跡の確認はできます。{ $at ->
    [screen] 「ライセンス」の画面の「更新する」で手続きしてください。
   *[terminal] fumibako licence renew で更新してください。
}
licence-never = ライセンスをまだ申請していません。
licence-never-next = 送受信には、利用規約への同意と申請が必要です。{ $at ->
    [screen] 「ライセンス」の画面で規約を読み、「利用を申請する」で手続きしてください。
   *[terminal] fumibako licence apply で規約を読み、申請してください。
}
licence-awaited = ライセンスの開始日を待っています。{ $day } から使えます。
licence-awaited-next = それまで送受信はできません。急ぐときは、ゲートウェイの運用者に問い合わせてください。
licence-no-consent = 利用規約への同意がまだありません。
licence-no-consent-next = 今の有効期限までは、そのまま使えます。{ $day } から更新できます。{ $at ->
    [screen] そのとき「ライセンス」の画面で規約を読み、同意してください。
   *[terminal] そのとき fumibako licence renew で規約を読み、同意してください。
}
licence-changed = 利用規約が変わったので、このままでは自動では更新されません。
licence-changed-next = 有効期限の60日前から、{ $at ->
    [screen] 「ライセンス」の画面で新しい規約を読み、「更新する」で手続きしてください。
   *[terminal] fumibako licence renew で新しい規約を読み、同意して更新してください。
}
licence-owed = 利用料が未払です。
licence-owed-billed = 利用料を請求しています。
licence-owed-deduction = 介護給付費から差し引かれるので、手続きは要りません。
licence-owed-pay = 請求書の期日までに振り込んでください。振り込んだ後もこの表示が続くときは、ゲートウェイの運用者に問い合わせてください。
licence-owed-bill = 請求書が届いたら、期日までに振り込んでください。届かないときは、ゲートウェイの運用者に問い合わせてください。
licence-owed-how = 支払い方法が決まっていません。ゲートウェイの運用者に確かめてください。
licence-stopped = ライセンスが停止されています。理由: { $why }
licence-stopped-next = 送受信はできません。届いているデータの取得と証跡の確認はできます。再開の手続きは、ゲートウェイの運用者に問い合わせてください。
licence-not-agreed = 同意のチェックか、支払い方法の選択がありません。
licence-not-agreed-next = 利用規約を読み、同意にチェックを付けてください。
licence-applied-toast = 申請しました。
licence-renewed-toast = 更新しました。
licence-on-toast = 自動更新にしました。
licence-off-toast = 自動更新をやめました。
