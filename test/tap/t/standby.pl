# A streaming standby scores, follows promotions within an open session, refuses
# what writes with 25006, and can do all of it once it is promoted.
use strict;
use warnings;

use FraudDetect;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', 'fsync = off');
$primary->start;
$primary->backup('base');

my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

create_transactions($primary, 'postgres');
is(train($primary, 'postgres', 'card_fraud', $_), $_, "version $_ is trained on the primary") foreach 1 .. 2;
$primary->wait_for_catchup($standby);

my %expected;
$expected{$_} = $primary->safe_psql('postgres', scores('public', ", 'card_fraud', $_")) foreach 1 .. 2;
isnt($expected{1}, $expected{2}, 'the versions differ');

my $session = $standby->background_psql('postgres');

# Of the open session, without the end of the line that the first releases of 16 leave there.
sub seen
{
	my ($sql) = @_;
	my $rows = $session->query_safe($sql);
	chomp $rows;
	return $rows;
}

is(seen(scores()), $expected{1}, 'the standby gives the scores of the champion');
is(seen(scores('public', ', version => 2')), $expected{2}, 'and of another version');

$primary->safe_psql('postgres', "SELECT fraud_promote('card_fraud', 2)");
$primary->wait_for_catchup($standby);
is(seen(scores()), $expected{2}, 'an open session follows a promotion');

$primary->safe_psql('postgres', "BEGIN; SELECT fraud_rollback('card_fraud'); ROLLBACK");
$primary->wait_for_catchup($standby);
is(seen(scores()), $expected{2}, 'and not one that was rolled back');

$primary->safe_psql('postgres', "SELECT fraud_rollback('card_fraud')");
$primary->safe_psql('postgres', "SELECT fraud_drop_version('card_fraud', 2)");
$primary->wait_for_catchup($standby);
is(seen(scores()), $expected{1}, 'it follows a rollback');
is(sqlstate($standby, 'postgres', scores('public', ', version => 2')), 'FD003', 'a dropped version is gone');

is(sqlstate($standby, 'postgres', FraudDetect::training('card_fraud', 3, 'public')), '25006', 'no training');
is(sqlstate($standby, 'postgres', "SELECT * FROM fraud_retrain('card_fraud')"), '25006', 'no retraining');
is(sqlstate($standby, 'postgres', "SELECT fraud_promote('card_fraud', 1)"), '25006', 'no promotion');
is(sqlstate($standby, 'postgres', "SELECT fraud_rollback('card_fraud')"), '25006', 'no rollback');
is(sqlstate($standby, 'postgres', "SELECT fraud_drop_model('card_fraud')"), '25006', 'no dropping');
is( $standby->safe_psql('postgres', 'SELECT model, champion, versions FROM fraud.models'),
	'card_fraud|1|1', 'the views work');
is( $standby->safe_psql('postgres', q{SELECT count(value) FROM fraud_evaluate('card_fraud', 'transactions')}),
	8, 'evaluation works');
is( $standby->safe_psql('postgres', "SELECT fraud_export('card_fraud') = artifact FROM fraud.model_version"),
	't', 'export works');

$primary->stop;
$standby->promote;
is(seen(scores()), $expected{1}, 'a session outlives the failover');
is(train($standby, 'postgres', 'card_fraud', 3), 3, 'the new primary trains');
is($standby->safe_psql('postgres', "SELECT version FROM fraud_promote('card_fraud', 3)"), 3, 'and promotes');
is( seen(scores()),
	$standby->safe_psql('postgres', scores('public', ', version => 3')),
	'which the session follows');
$session->quit;

$standby->stop;
done_testing();
