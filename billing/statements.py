"""The two statements of the hot path, written out: a hold, and the settlement of one.

A hold is one statement, and its heart one plain UPDATE: PostgreSQL evaluates that again on the row as it is once its lock is
got. Fifty of them at once queue up there; none can see a balance that is about to go. (Locking the row in a CTE and updating
it from what that read is not the same: under load it was seen to use a row that had changed meanwhile.)
A settlement is one too (after the row is locked, so that its snapshot has the newest lots): it closes the hold, takes the
cost from the lots that expire first, and writes the balance and the entry.
"""

# The amount: the whole worst case, or whatever is available if that is at least ``least``. Nothing is found, and nothing
# happens, where it is less, where the step was opened before, or where a lot must be booked out first (unless ``swept``).
HOLD = """
WITH account AS (
    UPDATE billing_creditaccount
       SET held = held + LEAST(%(most)s, balance + credit_line - held),
           latest_hold = LEAST(%(most)s, balance + credit_line - held)
     WHERE workspace_id = %(workspace)s
       AND balance + credit_line - held >= %(least)s
       AND (%(swept)s OR next_expiry_at IS NULL OR next_expiry_at > %(at)s)
       AND NOT EXISTS (SELECT FROM billing_hold WHERE run_id = %(run)s AND attempt = %(attempt)s AND step = %(step)s)
 RETURNING id, latest_hold AS amount
)
INSERT INTO billing_hold (
    id, workspace_id, account_id, run_id, attempt, step, actor_id, model, state, amount, price, max_tokens, since_seq, prompt_tokens,
    completion_tokens, cached_tokens, reasoning_tokens, exact, credits, shortfall, lease_expires_at, created_at, updated_at
)
SELECT %(id)s, %(workspace)s, id, %(run)s, %(attempt)s, %(step)s, %(actor)s::uuid, %(model)s, 'open', amount, %(price)s::jsonb,
       CASE WHEN %(rate)s = 0 THEN %(wanted)s::integer
            ELSE LEAST(%(wanted)s::integer, FLOOR((amount - %(per_call)s) * 1000 / NULLIF(%(rate)s, 0)) - %(prompt)s) END,
       %(since)s, %(prompt)s, 0, 0, 0, true, 0, 0, %(lease)s, %(at)s, %(at)s
  FROM account
RETURNING max_tokens
"""

# The hold and its account, the account locked. What is read of the account is from after the lock was got.
LOCK = """
SELECT hold.id, hold.state, hold.credits, hold.price, account.next_expiry_at
  FROM billing_hold hold JOIN billing_creditaccount account ON account.id = hold.account_id
 WHERE hold.run_id = %(run)s AND hold.attempt = %(attempt)s AND hold.step = %(step)s AND hold.workspace_id = %(workspace)s
   FOR NO KEY UPDATE OF account
"""

# The cost is booked in full as far as the account has it; what is missing is written on the hold (``shortfall``).
# A hold that the sweeper released keeps nothing back any more, but its cost is due all the same.
SETTLE = """
WITH step AS (
    SELECT id, account_id, CASE WHEN state = 'open' THEN amount ELSE 0 END AS kept
      FROM billing_hold WHERE id = %(id)s AND state <> 'settled' AND state <> %(state)s
), closed AS (
    UPDATE billing_hold hold
       SET state = %(state)s, model = COALESCE(NULLIF(%(model)s, ''), hold.model), settled_at = %(at)s, updated_at = %(at)s,
           prompt_tokens = %(prompt)s, completion_tokens = %(completion)s, cached_tokens = %(cached)s,
           reasoning_tokens = %(reasoning)s, exact = %(exact)s,
           credits = LEAST(%(cost)s, account.balance + account.credit_line - account.held + step.kept),
           shortfall = GREATEST(0, %(cost)s - (account.balance + account.credit_line - account.held + step.kept))
      FROM step JOIN billing_creditaccount account ON account.id = step.account_id
     WHERE hold.id = step.id
 RETURNING hold.account_id, hold.credits, hold.shortfall, hold.run_id, hold.attempt, hold.step, hold.actor_id, step.kept
), lots AS (
    SELECT id, remaining, expires_at, SUM(remaining) OVER (ORDER BY expires_at NULLS LAST, id) AS upto
      FROM billing_grant WHERE account_id = (SELECT account_id FROM step) AND remaining > 0
), takes AS (
    SELECT lots.id, LEAST(lots.remaining, closed.credits - (lots.upto - lots.remaining)) AS amount
      FROM lots, closed WHERE lots.upto - lots.remaining < closed.credits
), taken AS (
    UPDATE billing_grant lot SET remaining = lot.remaining - takes.amount, updated_at = %(at)s
      FROM takes WHERE lot.id = takes.id
), account AS (
    UPDATE billing_creditaccount account
       SET balance = account.balance - closed.credits, held = account.held - closed.kept, entries = account.entries + 1,
           updated_at = %(at)s,
           next_expiry_at = (SELECT MIN(expires_at) FROM lots WHERE upto > (SELECT credits FROM closed))
      FROM closed WHERE account.id = closed.account_id
 RETURNING account.*
), entry AS (
    INSERT INTO billing_ledgerentry (
        id, created_at, account_id, workspace_id, number, kind, amount, balance_after, idempotency_key, reference, note, model,
        run_id, actor_id, price, lots
    )
    SELECT %(entry)s, %(at)s, account.id, account.workspace_id, account.entries, %(kind)s, -closed.credits, account.balance,
           %(key)s, closed.attempt || '/' || closed.step, '', %(model)s, closed.run_id,
           closed.actor_id, %(price)s::jsonb || jsonb_build_object('shortfall', closed.shortfall::text),
           COALESCE((SELECT jsonb_object_agg(id, amount::text) FROM takes), '{}')
      FROM account, closed
)
SELECT closed.credits, account.balance, account.next_expiry_at, account.last_grant, account.notice_at FROM closed, account
"""

# The same where nothing is charged: only what was used is written down.
SETTLE_FREE = """
UPDATE billing_hold
   SET state = %(state)s, model = COALESCE(NULLIF(%(model)s, ''), model), settled_at = %(at)s, updated_at = %(at)s,
       prompt_tokens = %(prompt)s, completion_tokens = %(completion)s, cached_tokens = %(cached)s,
       reasoning_tokens = %(reasoning)s, exact = %(exact)s
 WHERE run_id = %(run)s AND attempt = %(attempt)s AND step = %(step)s AND workspace_id = %(workspace)s
   AND account_id IS NULL AND state <> 'settled'
"""
