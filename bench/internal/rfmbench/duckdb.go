package rfmbench

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/rfm"
)

const duckDBName = "DuckDB"

// duckDB is one database in memory that holds the lines of a shop.
type duckDB struct {
	shop    *shop
	db      *sql.DB
	version string
}

// open loads the lines once: int64 columns, the same in 32 bits, and texts.
func (d *duckDB) open(ctx context.Context) error {
	if d.db != nil {
		return nil
	}
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return err
	}
	d.db = sql.OpenDB(connector)
	d.db.SetMaxOpenConns(1)
	if err := d.exec(ctx, fmt.Sprintf(`SET threads = %d`, harness.ThisMachine().Cores),
		`CREATE TABLE numbers (customer BIGINT, unix BIGINT, amount BIGINT, placed BIGINT)`); err != nil {
		return err
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := d.fill(conn); err != nil {
		return err
	}
	if err := d.exec(ctx,
		`CREATE TABLE lines AS SELECT *, 'C' || lpad(customer::VARCHAR, 8, '0') AS customer_text, 'O' || lpad(placed::VARCHAR, 8, '0') AS placed_text FROM numbers`,
		`CREATE TABLE narrow AS SELECT customer::INTEGER AS customer, unix::INTEGER AS unix, amount::INTEGER AS amount, placed::INTEGER AS placed FROM numbers`,
		`DROP TABLE numbers`,
		`SET preserve_insertion_order = false`); err != nil {
		return err
	}
	return d.db.QueryRowContext(ctx, `SELECT 'DuckDB ' || version()`).Scan(&d.version)
}

func (d *duckDB) fill(conn driver.Conn) error {
	appender, err := duckdb.NewAppenderFromConn(conn, "", "numbers")
	if err != nil {
		return err
	}
	for i := range d.shop.customer {
		if err := appender.AppendRow(d.shop.customer[i], d.shop.unix[i], d.shop.amount[i], d.shop.order[i]); err != nil {
			return err
		}
	}
	return appender.Close()
}

func (d *duckDB) exec(ctx context.Context, statements ...string) error {
	for _, s := range statements {
		if _, err := d.db.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%w\nin: %s", err, s)
		}
	}
	return nil
}

func (d *duckDB) close() error {
	if d.db == nil {
		return nil
	}
	return d.db.Close()
}

// duckDBPeer does a job in one statement that creates the scored table.
type duckDBPeer struct {
	job    job
	narrow bool // on 32-bit columns
	*duckDB
}

func (p *duckDBPeer) Name() string {
	if p.narrow {
		return duckDBName + ", 32-bit columns"
	}
	return duckDBName
}

func (p *duckDBPeer) Version() string { return p.version }

func (p *duckDBPeer) Prepare(ctx context.Context) error { return p.open(ctx) }

func (p *duckDBPeer) Run(ctx context.Context) (harness.Cost, error) {
	if err := p.exec(ctx, `DROP TABLE IF EXISTS scored`); err != nil {
		return harness.Cost{}, err
	}
	return harness.Clock(func() error { return p.exec(ctx, p.statement()) })
}

// statement is the fastest found of several. Scores by thresholds: joining
// the scores of the distinct values back takes a quarter longer in all;
// quantile_disc takes three times as long as the thresholds, rank, cume_dist
// and ntile windows over all customers four times. Distinct orders are counted
// by two levels of GROUP BY: count(DISTINCT) takes as long with int64 ids and
// a fifth longer with strings. A table in between is not quicker.
func (p *duckDBPeer) statement() string {
	from, customer, order := "lines", "customer", "placed"
	if p.narrow {
		from = "narrow"
	}
	if p.job.textIDs {
		customer = "customer_text"
	}
	if p.job.textOrders {
		order = "placed_text"
	}
	lines := fmt.Sprintf(`SELECT %s AS id, unix, amount FROM %s`, customer, from)
	if p.job.frequency == rfm.Orders {
		lines = fmt.Sprintf(`SELECT %s AS id, max(unix) AS unix, sum(amount)::BIGINT AS amount FROM %s GROUP BY %s, %s`, customer, from, customer, order)
	}
	customers := fmt.Sprintf(`SELECT id, %d - max(unix) // 86400 AS r, count(*) AS f, sum(amount)::BIGINT AS m FROM (%s) GROUP BY id`, asOfDay, lines)
	if p.job.ntile {
		return `CREATE TABLE scored AS SELECT id, r, f, m,
			ntile(5) OVER (ORDER BY r DESC)::TINYINT AS rs, ntile(5) OVER (ORDER BY f)::TINYINT AS fs, ntile(5) OVER (ORDER BY m)::TINYINT AS ms
			FROM (` + customers + `)`
	}
	rWith, rs := midRank("r", true)
	fWith, fs := midRank("f", false)
	mWith, ms := midRank("m", false)
	return fmt.Sprintf(`CREATE TABLE scored AS WITH c AS MATERIALIZED (%s), %s, %s, %s
		SELECT id, r, f, m, %s AS rs, %s AS fs, %s AS ms FROM c, r_cuts, f_cuts, m_cuts`, customers, rWith, fWith, mWith, rs, fs, ms)
}

// midRank returns common table expressions that find the thresholds of column v of c out of its
// distinct values, and the expression of its score. Sums of counts are exact in a DOUBLE, which is
// quicker to add than SUM's 128 bits.
func midRank(v string, reversed bool) (with, score string) {
	order, first, reaches := "ASC", "min", ">="
	if reversed {
		order, first, reaches = "DESC", "max", "<="
	}
	with = fmt.Sprintf(`%[1]s_values AS (
		SELECT %[1]s, 1 + %[3]d * (2 * sum(n::DOUBLE) OVER (ORDER BY %[1]s %[2]s ROWS UNBOUNDED PRECEDING)::BIGINT - n) // (2 * (SELECT count(*) FROM c)) AS score
		FROM (SELECT %[1]s, count(*) AS n FROM c GROUP BY %[1]s))`, v, order, bins)
	var cuts []string
	score = "1::TINYINT"
	for k := 2; k <= bins; k++ {
		cuts = append(cuts, fmt.Sprintf(`%s(%s) FILTER (score >= %d) AS %s%d`, first, v, k, v, k))
		score += fmt.Sprintf(` + coalesce(%s %s %s%d, false)::TINYINT`, v, reaches, v, k)
	}
	return with + fmt.Sprintf(`, %s_cuts AS (SELECT %s FROM %s_values)`, v, strings.Join(cuts, ", "), v), score
}

func (p *duckDBPeer) Answer(ctx context.Context) (*answer, error) {
	number := "id"
	if p.job.textIDs {
		number = "substr(id, 2)::BIGINT"
	}
	rows, err := p.db.QueryContext(ctx, `SELECT `+number+`, r, f, m, rs, fs, ms FROM scored`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	a := newAnswer(p.shop.customers)
	for rows.Next() {
		var id, r, f, m int64
		var scores [3]int64
		if err := rows.Scan(&id, &r, &f, &m, &scores[0], &scores[1], &scores[2]); err != nil {
			return nil, err
		}
		if err := a.set(id, r, f, m, scores); err != nil {
			return nil, err
		}
	}
	return a, rows.Err()
}
