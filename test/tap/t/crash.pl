# A training that is cut off by SIGKILL of its backend, by an immediate or by a fast
# shutdown leaves nothing in the registry, and training works after it.
use strict;
use warnings;

use FraudDetect;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('bank');
$node->init;
$node->append_conf('postgresql.conf', "restart_after_crash = on\n");
$node->start;
create_transactions($node, 'postgres');
is(train($node, 'postgres', 'card_fraud', 3), 1, 'a version before');
my $before = registry($node, 'postgres');

# Starts a training that would take for ever, waits until it boosts, and returns its session.
sub boosting
{
	my $session = $node->background_psql('postgres', on_error_stop => 0);

	$session->query_safe('SET fraud_detect.progress = on');
	$session->{stdin} .= q{SELECT fraud_train('card_fraud', 'transactions', event_time => 'tx_time',
		params => '{"rounds": 100000, "early_stopping_rounds": 0, "threads": 1}');} . "\n";
	pump_until($session->{run}, $session->{timeout}, \$session->{stderr}, qr/NOTICE.*round/);
	return $session;
}

# Lets psql notice that its connection is gone.
sub abandon
{
	my ($session) = @_;

	$session->{run}->kill_kill;
}

my $session = boosting();
my $pid = $node->safe_psql('postgres',
	q{SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT fraud_train%' AND state = 'active'});
kill 'KILL', $pid;
ok($node->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()'), 'the server recovers from SIGKILL');
abandon($session);
is(registry($node, 'postgres'), $before, 'SIGKILL: nothing is registered');

$session = boosting();
$node->stop('immediate');
abandon($session);
$node->start;
is(registry($node, 'postgres'), $before, 'immediate shutdown: nothing is registered');

$session = boosting();
my $started = time;
$node->stop('fast');
cmp_ok(time - $started, '<', 30, 'a fast shutdown need not wait for the training');
abandon($session);
$node->start;
is(registry($node, 'postgres'), $before, 'fast shutdown: nothing is registered');

is(train($node, 'postgres', 'card_fraud', 4), 2, 'training works after it');
is($node->safe_psql('postgres', 'SELECT champion, versions FROM fraud.models'), '1|2', 'and is registered');

$node->stop;
done_testing();
